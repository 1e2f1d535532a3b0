// Which blow explains that a mail came twice, by who brought it and when: none but a kill or pause of a node that had it in its hands,
// and NATS being away while the outcome was to be recorded. An orderly stop of a node explains nothing, nor does the operator. Pure.
import type { Duplicate } from './final-states.ts';
import type { Blow } from './random-kills.ts';

/** After this long nats-server is there again, and so are its nodes. */
const natsAwayMs = 30_000;
/** An entry whose node is silent is another's after 30 s; an attempt takes a little longer than that at most. */
const inHandMs = 60_000;

/** The one that leaves least doubt: a kill of who brought the first. Undefined: there is none. */
export function causeOf(duplicate: Duplicate, blows: readonly Blow[]): Blow | undefined {
  const possible = causesOf(duplicate, blows);
  return possible.find(({ part, how }) => how === 'killed' && part !== 'nats-server') ?? possible[0];
}

function causesOf({ first, second }: Duplicate, blows: readonly Blow[]): readonly Blow[] {
  return blows.filter((blow) => {
    const end = blow.at + (blow.forMs ?? 0);
    if (blow.part === 'operator') return false;
    if (blow.part === 'machine') return blow.at <= second.at && end + inHandMs >= first.at;
    if (blow.part === 'nats-server') return blow.at <= second.at && end + natsAwayMs >= first.at;
    const isWhoBrought = (by: string | undefined) => by === undefined || by === blow.part;
    switch (blow.how) {
      case 'killed':
        return isWhoBrought(first.by) && blow.at >= first.at && blow.at <= second.at;
      case 'paused': // whoever woke up late brought one of the two
        return (
          (isWhoBrought(first.by) || isWhoBrought(second.by)) && blow.at <= second.at && end + inHandMs >= first.at
        );
      case 'stopped':
        return false;
    }
  });
}
