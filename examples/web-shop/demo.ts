/**
 * A season of the web shop in a few minutes: `npm run demo`. It starts `refit up` on this project, puts a week's exports
 * into its folders, waits until the models have dealt with them, and goes on with the next week, while visitors ask
 * both endpoints all the time. `--once` ends by itself with a table.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openShop, type Shop } from './demo/shop.js'
import { letVisitorsIn, type Visitors } from './demo/visitors.js'
import { storyOf, tableOf, type DropStory } from './demo/weeks.js'
import { deliver, season } from './season.js'

const WEEKS = 10
const ROWS = 500
const SEED = 2025
const WEEK_MS = 2000
const folders = { 'delivery-time': 'drops/deliveries', 'return-risk': 'drops/returns' } as const
const models = ['delivery-time', 'return-risk'] as const
const exports = new Map(models.map((model) => [model, season(model, WEEKS, ROWS, SEED)]))

async function playSeason(shop: Shop, visitors: Visitors, pause: number, interrupted: AbortSignal): Promise<DropStory[]> {
  const stories: DropStory[] = []
  for (let week = 0; week < WEEKS && !interrupted.aborted; week += 1) {
    const arriving = models.flatMap((model) => (exports.get(model) ?? []).slice(week, week + 1).map((drop) => ({ model, drop })))
    say(`Week ${week + 1} of ${WEEKS}: ${arriving.map(({ model, drop }) => `${folders[model]}/${drop.file}`).join(' and ')} arrive.`)
    for (const { model, drop } of arriving) deliver(join(shop.folder, folders[model]), drop)
    stories.push(...(await Promise.all(arriving.map(({ model, drop }) => storyOf(shop.controlUrl, model, drop.file)))))
    const { answered, failed } = visitors.visits()
    const serving = models.map((model) => `${model} ${versionNow(stories, model)}`).join(', ')
    say(`Now serving ${serving}. Predictions so far: ${answered} answered, ${failed} failed.`)
    if (week === 0) for (const model of models) tell('Try it', await visitors.curl(model))
    await delay(pause, undefined, { signal: interrupted }).catch(() => undefined)
  }
  return stories
}

function versionNow(stories: readonly DropStory[], model: string): string {
  const promoted = stories.findLast((story) => story.model === model && story.run.outcome === 'promoted')
  return promoted?.run.version === undefined ? 'nothing yet' : `version ${promoted.run.version}`
}

/** Whether the season was what it should be; what was not is said. */
function requireSeason(stories: readonly DropStory[], visitors: Visitors): boolean {
  const { answered, failed } = visitors.visits()
  const wrong = [
    ...models.filter((model) => stories.filter((story) => story.model === model && story.run.outcome === 'promoted').length < 3).map((model) => `${model} was promoted fewer than 3 times`),
    ...(stories.some(({ state, run }) => state === 'quarantined' || run.outcome === 'rejected') ? [] : ['nothing was quarantined or rejected']),
    ...(answered === 0 ? ['no prediction was answered'] : []),
    ...(failed > 0 ? [`${failed} predictions failed`] : []),
  ]
  for (const fault of wrong) console.error(`✗ ${fault}`)
  return wrong.length === 0
}

function say(text: string): void {
  console.log(`\n── ${text}`)
}

function tell(label: string, text: string | undefined): void {
  if (text !== undefined) console.log(`   ${label}: ${text}`)
}

async function main(once: boolean): Promise<boolean> {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const startedAt = Date.now()
  const shop = await openShop()
  const orders = new Map(models.map((model) => [model, exports.get(model)?.[0]?.content.toString().trim().split('\n').slice(0, 200) ?? []]))
  const visitors = letVisitorsIn(shop.servingUrl, orders)
  try {
    const stories = await Promise.race([playSeason(shop, visitors, once ? 0 : WEEK_MS, interrupted.signal), shop.ended.then(() => undefined)])
    await visitors.leave()
    if (stories === undefined || interrupted.signal.aborted) return interrupted.signal.aborted
    const { answered, failed } = visitors.visits()
    say(`The season took ${Math.round((Date.now() - startedAt) / 1000)} s; ${answered} predictions were answered, ${failed} failed.`)
    console.log(`\n${tableOf(stories)}\n`)
    const good = requireSeason(stories, visitors)
    if (once) return good
    say(`Refit goes on watching ${shop.folder}/drops. Ctrl-C ends it.`)
    for (const model of models) tell('Try it', await visitors.curl(model))
    tell('Look', `npx refit status --project ${shop.folder}`)
    await Promise.race([shop.ended, new Promise((resolve) => interrupted.signal.addEventListener('abort', resolve))])
    return true
  } finally {
    await visitors.leave()
    await shop.stop()
  }
}

process.exitCode = (await main(process.argv.includes('--once'))) ? 0 : 1
