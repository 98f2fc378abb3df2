"""The binary side of a format as Kaitai structs (https://kaitai.io): the file with its entries, and kinds of records."""
