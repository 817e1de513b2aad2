"""What is measured, one module each: `measure` takes what it needs, at least stage and effort, and makes Sections."""
