export const handlers = {
  pay: () => ({ id: 'r_1' }),
  getProduct: () => ({ id: 1, name: 'tea' }),
  recommend: () => [],
}
