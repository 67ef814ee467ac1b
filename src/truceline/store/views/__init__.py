"""The views: how a record becomes rows (`projection.py`), and the questions asked of them.

Each module answers for one word; its functions take a connection from
`Store.reading()`. What may be shown to whom is not decided here.
"""
