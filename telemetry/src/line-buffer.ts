// Gathers log lines of one turn of the event loop into one write: a write to a file waits for the kernel each time, and a mail
// writes three lines. Nothing waits longer than that turn; what is left is written when the process exits.

/** `write` gets whole lines; `defer` runs its argument at the end of the turn (`setImmediate`). */
export function gatherLines(
  write: (lines: string) => void,
  defer: (flush: () => void) => void,
): { readonly write: (line: string) => void; flush(): void } {
  let lines = '';
  const flush = () => {
    const gathered = lines;
    lines = '';
    if (gathered !== '') write(gathered);
  };
  return {
    write: (line) => {
      if (lines === '') defer(flush);
      lines += line;
    },
    flush,
  };
}
