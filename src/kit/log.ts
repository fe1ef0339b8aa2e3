import pino, { type Logger } from "pino";

export type { Logger } from "pino";

/** Writes one JSON line per event to standard error. What clients sent stands in values, which JSON escapes. */
export function makeLog(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
}

export const silentLog: Logger = pino({ level: "silent" });
