import type { Engine } from "./index-engines.ts";
export function propertyTest(_engines: readonly Engine[]): void {}
