/**
 * A season of a small web shop, made up: every week an export of the orders delivered in it. Deliveries slow down as
 * the autumn comes, carriers change, customers return more after the holidays. Two weeks go wrong, as weeks do: one
 * comes with a renamed column, one is cut off in the middle of its gzip stream.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** One weekly export. */
export interface WeeklyExport {
  readonly week: number
  readonly file: string
  readonly content: Buffer
}

const FIRST_MONDAY = Date.UTC(2025, 8, 1)
const DAY_MS = 86_400_000
const carriers = ['northpost', 'quickship', 'parcelline'] as const
const categories = ['books', 'clothing', 'electronics', 'garden', 'shoes'] as const

/** Mulberry32, a small seeded generator (Tommy Ettinger, public domain): the same season for everybody. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function pick<T>(random: () => number, values: readonly [T, ...T[]]): T {
  return values[Math.floor(random() * values.length)] ?? values[0]
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

function orderTime(random: () => number, week: number): string {
  return new Date(FIRST_MONDAY + week * 7 * DAY_MS + Math.floor(random() * 7 * DAY_MS)).toISOString().slice(0, 19)
}

/** `delivery-time`: hours from order to door. */
function deliveries(week: number, rows: number, random: () => number): string[] {
  const lines = ['order_id,ordered_at,carrier,distance_km,weight_kg,express,weekday,hours']
  for (let row = 0; row < rows; row += 1) {
    const orderedAt = orderTime(random, week)
    const carrier = pick(random, carriers)
    const distance = 20 + random() ** 2 * 900
    const weight = 0.2 + random() ** 3 * 25
    const express = random() < 0.25
    const weekday = new Date(`${orderedAt}Z`).getUTCDay()
    const pace = { northpost: 1, quickship: 0.75, parcelline: 1.15 }[carrier]
    const winter = 1 + 0.03 * week
    const weekend = weekday === 0 || weekday === 6 ? 14 : 0
    const hours = ((18 + distance * 0.07 + weight * 0.6) * pace * winter + weekend) * (express ? 0.55 : 1) * Math.exp(0.12 * gaussian(random))
    lines.push([`o${week}-${row}`, orderedAt, carrier, distance.toFixed(1), weight.toFixed(2), express, weekday, hours.toFixed(1)].join(','))
  }
  return lines
}

/** `return-risk`: whether an order comes back. */
function returns(week: number, rows: number, random: () => number): string[] {
  const lines = ['order_id,ordered_at,category,price,discount,items,new_customer,outcome']
  for (let row = 0; row < rows; row += 1) {
    const category = pick(random, categories)
    const price = 8 + random() ** 2 * 240
    const discount = random() < 0.4 ? Math.round(random() * 50) / 100 : 0
    const items = 1 + Math.floor(random() ** 2 * 6)
    const newCustomer = random() < 0.3
    const liking = { books: -2.6, clothing: 0.6, electronics: -1, garden: -1.6, shoes: 1.2 }[category]
    const score = liking + 0.006 * price + 1.8 * discount + 0.15 * items + (newCustomer ? 0.5 : 0) - 0.9 + 0.04 * week
    const outcome = random() < 1 / (1 + Math.exp(-1.6 * score)) ? 'returned' : 'kept'
    lines.push([`o${week}-${row}`, orderTime(random, week), category, price.toFixed(2), discount, items, newCustomer, outcome].join(','))
  }
  return lines
}

function weekName(week: number): string {
  return `week-${String(week + 1).padStart(2, '0')}`
}

/** The exports of a season, in order: `weeks` for each model, with week 5 of a broken schema and week 8 cut off. */
export function season(model: 'delivery-time' | 'return-risk', weeks: number, rows: number, seed: number): readonly WeeklyExport[] {
  const random = randomFrom(seed)
  return Array.from({ length: weeks }, (_, week) => {
    const [header = '', ...orders] = model === 'delivery-time' ? deliveries(week, rows, random) : returns(week, rows, random)
    const brokenSchema = week === 4
    const corrupted = week === 7
    const text = [brokenSchema ? header.replace('ordered_at', 'order_date') : header, ...orders, ''].join('\n')
    if (!corrupted) return { week, file: `${weekName(week)}.csv`, content: Buffer.from(text) }
    const packed = gzipSync(text)
    return { week, file: `${weekName(week)}.csv.gz`, content: packed.subarray(0, Math.floor(packed.length / 2)) }
  })
}

/** Puts an export where the model's source looks for it, whole or not at all. */
export function deliver(folder: string, drop: WeeklyExport): void {
  mkdirSync(folder, { recursive: true })
  const temporary = join(folder, `.${drop.file}`)
  writeFileSync(temporary, drop.content)
  renameSync(temporary, join(folder, drop.file))
}
