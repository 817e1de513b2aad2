"""At home in other people's frameworks. Each module needs the library that it is named after; an extra brings it."""
