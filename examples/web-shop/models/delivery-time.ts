import { byGroup, column, defineModel, folder, gradientBoostedTrees, onArrival } from 'refit'

/** How many hours an order takes to the customer's door: shown on the product page. */
export default defineModel({
  task: 'regression',
  columns: {
    order_id: column.key(),
    ordered_at: column.time(),
    carrier: column.category(),
    distance_km: column.number({ min: 0 }),
    weight_kg: column.number({ min: 0 }),
    express: column.boolean(),
    weekday: column.number({ min: 0, max: 6 }),
    hours: column.target({ min: 0 }),
  },
  source: folder('drops/deliveries'),
  split: byGroup({ test: '25%' }),
  train: gradientBoostedTrees(),
  check: (m) => [m.mape.atMost(0.25), m.mae.notWorseThanChampion({ relative: 0.05 })],
  triggers: [onArrival()],
})
