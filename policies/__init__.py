"""Policy templates: data only, none of them is approved as shipped."""
