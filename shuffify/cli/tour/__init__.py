"""The tour of the demo: a user's day through the real routes, checked row by row.

walk     takes the steps and reports what differs
steps    the table of all steps, in order; a new path joins as one more entry
acts     what a step can do in a browser
rows     what a row must be
browser  cookies, consent page, CSRF token
"""
