import { byGroup, column, defineModel, folder, gradientBoostedTrees, onArrival } from 'refit'

/** Whether an order will be sent back: decides which orders get a sizing hint before they ship. */
export default defineModel({
  task: 'classification',
  columns: {
    order_id: column.key(),
    ordered_at: column.time(),
    category: column.category(),
    price: column.number({ min: 0 }),
    discount: column.number({ min: 0, max: 1 }),
    items: column.number({ min: 1 }),
    new_customer: column.boolean(),
    outcome: column.target({ values: ['kept', 'returned'] }),
  },
  source: folder('drops/returns'),
  split: byGroup({ test: '25%' }),
  train: gradientBoostedTrees(),
  check: (m) => [m.rocAuc.atLeast(0.7), m.logLoss.notWorseThanChampion({ relative: 0.05 })],
  triggers: [onArrival()],
})
