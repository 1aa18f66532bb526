import packageJson from "../package.json" with { type: "json" };

/** The version of package.json, as --version, the start line and INFO say it. */
export const VERSION: string = packageJson.version;
