"""What is measured, one module each: `measure` takes what it needs, at least stage, field and effort; it makes Sections."""
