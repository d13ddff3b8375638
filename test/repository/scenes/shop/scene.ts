export const order = { product_id: 1, quantity: 1, email: 'li.lei@example.com', card: 'visa' }
