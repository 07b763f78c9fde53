const LONGEST = 300

/** A text that another server wrote, as it may be shown: on one line, without what moves a cursor or turns its direction, and not endless. */
export function plain(text: string): string {
  const line = text.slice(0, 4 * LONGEST).replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\s]+/gu, ' ').trim()
  const characters = Array.from(line)
  return characters.length <= LONGEST ? line : `${characters.slice(0, LONGEST - 1).join('')}…`
}
