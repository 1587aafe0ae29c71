/** Two hexadecimal digits in capitals, as RFC 6381 texts have them. */
export function hexByte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, "0");
}
