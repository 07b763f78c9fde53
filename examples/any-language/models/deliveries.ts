import { column } from 'refit'

/** Orders of a web shop, as both models know them. */
export const deliveries = {
  order_id: column.key(),
  ordered_at: column.time(),
  carrier: column.category(),
  distance_km: column.number({ min: 0 }),
  weight_kg: column.number({ min: 0 }),
  express: column.boolean(),
  weekday: column.number({ min: 0, max: 6 }),
  hours: column.target({ min: 0 }),
}
