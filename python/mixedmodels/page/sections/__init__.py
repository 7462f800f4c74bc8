"""The sections of the page, one in each file: ``parts(model, options)`` gives its pieces of HTML, or none."""
