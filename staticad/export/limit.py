"""How large pictures are, for all who draw them."""

LIMIT = 120  # boxes of a picture
