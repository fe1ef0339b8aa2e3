/** placeholder until verification is written */
export async function verifyLogFiles(_directory: string): Promise<void> {}
