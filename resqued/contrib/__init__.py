"""At home in frameworks of other people, one module each. Nothing of resqued itself imports them."""
