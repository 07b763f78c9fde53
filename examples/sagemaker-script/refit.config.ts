import { byGroup, column, command, defineModel, defineProject, folder, onArrival } from 'refit'

/**
 * A script of SageMaker's script mode, as it is: its hyper-parameters come as arguments, its channels and the place of its model
 * by SM_*. PYTHON names an interpreter that has what requirements.txt lists.
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
    parameters: { 'n-estimators': 80, 'min-samples-leaf': 3, 'train-file': 'train.csv', 'test-file': 'validation.csv', target: 'hours' },
    asArguments: true,
  }),
  triggers: [onArrival()],
})

export default defineProject({ models: { 'delivery-time': deliveryTime } })
