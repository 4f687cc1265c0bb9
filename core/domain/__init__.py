"""Pure rules about terms: what a price, a coupon, a wallet or a subscription may say. No database, no clock."""
