"""What is measured, one module each: `measure` takes stage, contestants (ours first) and effort; it makes a Section."""
