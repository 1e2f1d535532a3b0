// JSON log lines: a constant message and fields. Decides the shape of a line and which fields must never be seen.
// Refuses to know what is logged: each program has one function per business event for that.
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Values are JSON; an Error is written as its message and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** `message` is a constant sentence; what varies goes into `fields`. */
export type Log = {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds `fields` to every line. */
  child(fields: LogFields): Log;
};

export type LogOptions = {
  /** Takes one line, newline included. */
  readonly write: (line: string) => void;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly level: LogLevel;
  readonly fields?: LogFields;
};

/** Lines are `{"at": RFC 3339, "level": …, "msg": …, …fields}`; a field whose name says it is a secret is written as `[redacted]`. */
export function createLog({ write, clock, level, fields = {} }: LogOptions): Log {
  const lowest = logLevels.indexOf(level);
  const at =
    (name: LogLevel) =>
    (message: string, more: LogFields = {}) => {
      if (logLevels.indexOf(name) < lowest) return;
      const line = { at: new Date(clock()).toISOString(), level: name, msg: message, ...fields, ...more };
      write(`${toJson(line)}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => createLog({ write, clock, level, fields: { ...fields, ...more } }),
  };
}

/** A replacer is called for every value of every line, so it is used only where it has something to do. */
function toJson(line: LogFields): string {
  if (Object.values(line).some(needsWords)) return JSON.stringify(line, presentable);
  const plain = JSON.stringify(line);
  return secretName.test(plain) ? JSON.stringify(line, presentable) : plain;
}

function needsWords(value: unknown): boolean {
  if (typeof value === 'bigint' || value instanceof Error || value instanceof Map) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(needsWords);
}

const secretName = /password|passwd|secret|token|authorization|private.?key|credential/i;

function presentable(name: string, value: unknown): unknown {
  if (secretName.test(name) && (typeof value === 'string' || (typeof value === 'object' && value !== null)))
    return '[redacted]';
  if (value instanceof Error) return sayError(value);
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Map ? Object.fromEntries(value) : value;
}

/** An error's message and its causes, nearest first: `cannot read x: permission denied`. */
export function sayError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `: ${sayError(error.cause)}`;
  return `${error.message}${cause}`;
}
