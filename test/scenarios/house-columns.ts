/** The columns of King County's sales, as a definition has them. */
export const houseColumns = `{
    id: column.group(),
    date: column.time(),
    price: column.target({ min: 1 }),
    bedrooms: column.number({ optional: true }),
    bathrooms: column.number({ optional: true }),
    sqft_living: column.number(), sqft_lot: column.number(), floors: column.number(), waterfront: column.number(), view: column.number(), condition: column.number(), grade: column.number(),
    sqft_above: column.number(), sqft_basement: column.number(), yr_built: column.number(), yr_renovated: column.number(),
    zipcode: column.category(),
    lat: column.number(), long: column.number(), sqft_living15: column.number(), sqft_lot15: column.number(),
  }`
