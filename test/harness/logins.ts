// Logging in at nodes of a fleet and looking at the answer only.
import type { Fleet } from './fleet.ts';
import { authPlain, openAnonymously, type Login, type Reply } from './submit.ts';
import { until } from './until.ts';

type Target = Pick<Fleet, 'listener'>;

/** The answer to AUTH on a connection of its own. */
export async function logIn({ listener }: Target, node: number, login: Login): Promise<Reply> {
  const session = await openAnonymously(listener(node), login.ca);
  const answer = await session.command(authPlain(login));
  session.close();
  return answer;
}

/** Waits until every one of `nodes` answers a login with `code`. */
export async function everyLogin(
  target: Target,
  login: Login,
  code: number,
  { nodes = [1, 2], withinMs = 5_000 }: { readonly nodes?: readonly number[]; readonly withinMs?: number } = {},
): Promise<void> {
  let seen: readonly string[] = [];
  await until(
    () => `${code} at every login; the answers: ${seen.join(', ')}`,
    async () => {
      const answers = await Promise.all(nodes.map((node) => logIn(target, node, login)));
      seen = answers.map(({ text }) => text);
      return answers.every((answer) => answer.code === code);
    },
    { withinMs },
  );
}
