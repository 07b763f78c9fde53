/** Text that is HTML or SVG already. Whatever else comes into a page is escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Part = Markup | string | number | readonly Part[]

/** HTML and SVG, well-formed as XML; every value is escaped that is none itself. */
export function markup(texts: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return new Markup(String.raw({ raw: texts }, ...values.map(rendered)))
}

export const nothing = new Markup('')

function rendered(part: Part): string {
  if (part instanceof Markup) return part.text
  return typeof part === 'string' || typeof part === 'number' ? escaped(String(part)) : part.map(rendered).join('')
}

/** Characters that XML does not know, and those that turn the direction of what follows, have no place in a page. */
function escaped(text: string): string {
  return text
    .replaceAll(/(?![\n\t])[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
