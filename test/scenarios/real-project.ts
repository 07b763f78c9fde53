/** The project of the real data: two models of two teams, side by side. */
export const realProject: Readonly<Record<string, string>> = {
  'refit.config.ts': `
import { byGroup, byTime, column, defineModel, defineProject, folder, gradientBoostedTrees, onArrival } from 'refit'

const number = () => column.number()

const housePrice = defineModel({
  task: 'regression',
  columns: {
    id: column.group(),
    date: column.time(),
    price: column.target({ min: 1 }),
    bedrooms: column.number({ optional: true }),
    bathrooms: column.number({ optional: true }),
    sqft_living: number(), sqft_lot: number(), floors: number(), waterfront: number(), view: number(), condition: number(), grade: number(),
    sqft_above: number(), sqft_basement: number(), yr_built: number(), yr_renovated: number(),
    zipcode: column.category(),
    lat: number(), long: number(), sqft_living15: number(), sqft_lot15: number(),
  },
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
