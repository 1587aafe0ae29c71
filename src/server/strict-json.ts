/**
 * How JSON bodies are checked: what a schema does not know is refused, and nothing is turned into another type. A misspelt
 * retention must not become none, nor null become 0: both would delete footage.
 */
export const STRICT_JSON = {
  // Times are texts or numbers: without this Ajv warns on standard error.
  customOptions: { removeAdditional: false, coerceTypes: false, allowUnionTypes: true },
} as const;
