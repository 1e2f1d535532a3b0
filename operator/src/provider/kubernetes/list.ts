// A complete, consistent list in pages: the API server and we hold one page at a time, and the event loop gets a turn between.
import { setImmediate } from 'node:timers/promises';
import type { Api, ApiCall, ApiFailure } from './http.ts';

export type Listed =
  | { readonly ok: true; readonly items: readonly unknown[]; readonly resourceVersion: string }
  | { readonly ok: false; readonly failure: ApiFailure };

const pageSize = 500;

type Page = {
  readonly items?: readonly unknown[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
};

export async function list(api: Api, call: ApiCall): Promise<Listed> {
  const paged = await listPages(api, call, { limit: String(pageSize) });
  // The snapshot behind the pages may expire while they are read; then one large answer is the only consistent one.
  return !paged.ok && paged.failure.status === 410 ? listPages(api, call, {}) : paged;
}

async function listPages(api: Api, call: ApiCall, paging: Readonly<Record<string, string>>): Promise<Listed> {
  const items: unknown[] = [];
  let token: Readonly<Record<string, string>> = {};
  for (;;) {
    const answer = await api.request({ ...call, query: { ...call.query, ...paging, ...token } });
    if (!answer.ok) return answer;
    const page = answer.object as Page;
    items.push(...(page.items ?? []));
    if (!page.metadata.continue) return { ok: true, items, resourceVersion: page.metadata.resourceVersion };
    token = { continue: page.metadata.continue };
    await setImmediate();
  }
}
