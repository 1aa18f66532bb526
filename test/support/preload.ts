// Loaded before every test file: bunfig.toml's own timeout setting has no effect in Bun 1.4.5.

import { setDefaultTimeout } from "bun:test";

const TEST_TIMEOUT_MS = 60_000;
setDefaultTimeout(TEST_TIMEOUT_MS);
