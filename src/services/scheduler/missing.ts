/** Operations that are not built: none. */
export const missing: readonly string[] = [];
