"""A section of the page each: ``parts(model, options)`` gives its pieces of HTML, or none."""
