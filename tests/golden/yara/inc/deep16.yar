rule deepest { condition: true }
