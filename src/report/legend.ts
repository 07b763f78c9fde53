import { markup, nothing, type Markup } from './markup.js'
import { point, type Mark } from './strip.js'

/** What the marks stand for. */
export function legend(marks: readonly { readonly of: Mark['of']; readonly words: string }[], lines: { readonly limit?: string; readonly blind?: string } = {}): Markup {
  return markup`<p class="dim">${marks.map(
    ({ of, words }) => markup`<span class="key"><svg width="24" height="12" aria-hidden="true"><line class="interval ${of}" x1="0" x2="24" y1="6" y2="6"/>${point(of, '12', 6)}</svg>${words}</span>`,
  )}${lines.limit === undefined ? nothing : markup`<span class="key"><svg width="12" height="14" aria-hidden="true"><line class="limit" x1="6" x2="6" y1="0" y2="14"/></svg>${lines.limit}</span>`}${
    lines.blind === undefined ? nothing : markup`<span class="key"><svg width="20" height="12" aria-hidden="true"><rect class="blind" width="20" height="12"/></svg>${lines.blind}</span>`
  }</p>`
}

/** Candidate, and champion where there is one. */
export function models(champion: number | undefined): readonly { readonly of: Mark['of']; readonly words: string }[] {
  return [{ of: 'candidate', words: 'candidate' }, ...(champion === undefined ? [] : [{ of: 'champion' as const, words: `version ${champion}` }])]
}
