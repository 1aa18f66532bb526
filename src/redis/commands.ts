// Joins the rows of all commands with their handlers.

import type { HandlerTable } from "./call.ts";
import { CLIENT_HANDLERS } from "./client-commands.ts";
import { COMMAND_HANDLERS } from "./command-commands.ts";
import { CommandTable } from "./command-table.ts";
import { CONNECTION_HANDLERS } from "./connection-commands.ts";
import { DEBUG_HANDLERS } from "./debug-commands.ts";
import { EXPIRY_HANDLERS } from "./expiry-commands.ts";
import { KEY_HANDLERS } from "./key-commands.ts";
import { NUMBER_HANDLERS } from "./number-commands.ts";
import { OBJECT_HANDLERS } from "./object-commands.ts";
import { PERSISTENCE_HANDLERS } from "./persistence-commands.ts";
import { ALL_ROWS } from "./rows/all-rows.ts";
import { SCAN_HANDLERS } from "./scan-commands.ts";
import { SERVER_HANDLERS } from "./server-commands.ts";
import { STRING_HANDLERS } from "./string-commands.ts";
import { TRANSACTION_HANDLERS } from "./transaction-commands.ts";

const HANDLERS: HandlerTable = {
  ...STRING_HANDLERS,
  ...NUMBER_HANDLERS,
  ...KEY_HANDLERS,
  ...OBJECT_HANDLERS,
  ...SCAN_HANDLERS,
  ...EXPIRY_HANDLERS,
  ...TRANSACTION_HANDLERS,
  ...CONNECTION_HANDLERS,
  ...CLIENT_HANDLERS,
  ...SERVER_HANDLERS,
  ...PERSISTENCE_HANDLERS,
  ...COMMAND_HANDLERS,
  ...DEBUG_HANDLERS,
};

/** One for all: it never changes. */
export const COMMAND_TABLE = new CommandTable(ALL_ROWS, HANDLERS);
