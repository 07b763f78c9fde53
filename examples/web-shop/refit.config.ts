import { defineProject } from 'refit'
import deliveryTime from './models/delivery-time.js'
import returnRisk from './models/return-risk.js'

export default defineProject({
  models: { 'delivery-time': deliveryTime, 'return-risk': returnRisk },
})
