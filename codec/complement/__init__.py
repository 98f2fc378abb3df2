"""The complement: what a tree cannot say of the snapshot that it came from, and how both become that snapshot again."""
