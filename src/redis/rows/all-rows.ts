// The rows of all commands, in the order of COMMAND and of docs/COMMANDS.md.

import type { CommandSpec } from "../command-row.ts";
import { CLIENT_ROWS } from "./client-rows.ts";
import { COMMAND_ROWS } from "./command-rows.ts";
import { CONNECTION_ROWS } from "./connection-rows.ts";
import { EXPIRY_ROWS } from "./expiry-rows.ts";
import { KEY_ROWS } from "./key-rows.ts";
import { NUMBER_ROWS } from "./number-rows.ts";
import { PERSISTENCE_ROWS } from "./persistence-rows.ts";
import { SCRIPT_ROWS } from "./script-rows.ts";
import { SERVER_ROWS } from "./server-rows.ts";
import { STRING_ROWS } from "./string-rows.ts";
import { TRANSACTION_ROWS } from "./transaction-rows.ts";

export const ALL_ROWS: readonly CommandSpec[] = [
  ...STRING_ROWS,
  ...NUMBER_ROWS,
  ...KEY_ROWS,
  ...EXPIRY_ROWS,
  ...TRANSACTION_ROWS,
  ...CONNECTION_ROWS,
  ...CLIENT_ROWS,
  ...SERVER_ROWS,
  ...PERSISTENCE_ROWS,
  ...COMMAND_ROWS,
  ...SCRIPT_ROWS,
];
