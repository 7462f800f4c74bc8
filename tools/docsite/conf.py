"""Settings of Sphinx for the site; nothing on it is fetched from elsewhere."""

from mixedmodels import __version__

project = "mixedmodels"
author = "The mixedmodels developers"
project_copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "docsite.cross_references", "docsite.sources"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block"]
nitpicky = True
smartquotes = False  # "omit" is a value

# The reference: names in backticks are code, and links where they are documented; types stand in the docstrings.
default_role = "py:obj"
add_module_names = False
autodoc_typehints = "none"
maximum_signature_line_length = 88
numpydoc_show_class_members = False
autosummary_generate = False
toc_object_entries = False

html_theme = "furo"
html_title = f"mixedmodels {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": [], "navigation_with_keys": False}
pygments_style = "friendly"
pygments_dark_style = "native"
