import { byGroup, column, command, defineModel, defineProject, folder, onArrival } from 'refit'

/**
 * A script of Vertex AI custom training, as it is: its data and the place of its model are told by AIP_*, as paths where there
 * they are addresses of a bucket. PYTHON names an interpreter that has what requirements.txt lists.
 */
const deliveryTime = defineModel({
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
  train: command([process.env['PYTHON'] ?? 'python3', 'train.py'], {
    parameters: { trees: 80, label: 'hours' },
    asArguments: true,
  }),
  triggers: [onArrival()],
})

export default defineProject({ models: { 'delivery-time': deliveryTime } })
