import { createHash } from 'node:crypto'

/**
 * A name that tells how far a drop reaches, safe as a file's: `2026-11-23T10-00-00Z`. `besides` tells apart what reaches
 * equally far.
 */
export function keyOfWatermark(watermark: string, besides?: string): string {
  const time = watermark.replace(/^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(?:\+00)?$/, '$1T$2Z').replaceAll(':', '-')
  const safe = time.replaceAll(/[^\w.-]/g, '-').replace(/^\.+/, '').slice(0, 100)
  // What had to be changed is told apart by its hash.
  if (safe === time && safe !== '' && besides === undefined) return safe
  return `${safe}-${createHash('sha256').update(JSON.stringify([watermark, besides])).digest('hex').slice(0, 8)}`
}
