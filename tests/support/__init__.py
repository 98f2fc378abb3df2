"""What several tests share; nothing here is a test, and nothing here is imported by the product."""
