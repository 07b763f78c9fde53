import { houseColumns } from './house-columns.js'

/** The project of the real data: two models of two teams, side by side. */
export const realProject: Readonly<Record<string, string>> = {
  'refit.config.ts': `
import { byGroup, byTime, column, defineModel, defineProject, folder, gradientBoostedTrees, onArrival } from 'refit'

const number = () => column.number()

const housePrice = defineModel({
  task: 'regression',
  columns: ${houseColumns},
  source: folder('drops/house-price'),
  window: 'all',
  split: byGroup({ test: '20%' }),
  train: gradientBoostedTrees(),
  check: (m) => [m.mape.atMost(0.2), m.mae.notWorseThanChampion({ relative: 0.03 })],
  triggers: [onArrival()],
})

const priceDirection = defineModel({
  task: 'classification',
  columns: {
    timestamp: column.time(),
    period: number(),
    nswprice: column.ignored(),
    nswdemand: number(), vicprice: number(), vicdemand: number(), transfer: number(),
    class: column.target({ values: ['UP', 'DOWN'] }),
  },
  // Victoria joined the market in May 1997: until then its columns have one value each.
  contract: { plausibility: { columns: { vicprice: 'off', vicdemand: 'off', transfer: 'off' } } },
  source: folder('drops/price-direction'),
  window: 'all',
  split: byTime({ test: '28 days' }),
  train: gradientBoostedTrees(),
  triggers: [onArrival()],
})

export default defineProject({ models: { 'house-price': housePrice, 'price-direction': priceDirection } })
`,
}
