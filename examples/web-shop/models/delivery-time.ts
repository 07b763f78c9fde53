import { byGroup, column, defineModel, folder, gradientBoostedTrees, onArrival } from 'refit'

export const columns = {
  order_id: column.key(),
  ordered_at: column.time(),
  carrier: column.category(),
  distance_km: column.number({ min: 0 }),
  weight_kg: column.number({ min: 0 }),
  express: column.boolean(),
  weekday: column.number({ min: 0, max: 6 }),
  hours: column.target({ min: 0 }),
}

/** What the model knows of an order that the export does not say; of the weekday it needs no more. */
export const prepared = {
  weekend: column.boolean(),
  handling: column.category({ values: ['letter', 'parcel', 'freight'] }),
  weekday: column.ignored(),
}

/** How many hours an order takes to the customer's door: shown on the product page. */
export default defineModel({
  task: 'regression',
  columns,
  source: folder('drops/deliveries'),
  split: byGroup({ test: '25%' }),
  prepare: 'models/delivery-time.prepare.ts',
  prepared,
  train: gradientBoostedTrees(),
  check: (m) => [m.mape.atMost(0.25), m.mae.notWorseThanChampion({ relative: 0.05 })],
  triggers: [onArrival()],
})
