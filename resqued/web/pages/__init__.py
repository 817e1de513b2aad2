"""Every page and every change, by method and path. Names of queues and workers stand in the query, never in the path.

For in a path servers and proxies decode, join and clean what they like; a name may hold anything.
"""

from resqued.web.answers import Page
from resqued.web.pages import delayed, failed, overview, queues, recurring, retrying, statistics, workers

PAGES: dict[tuple[str, str], Page] = {
    **overview.PAGES,
    **queues.PAGES,
    **workers.PAGES,
    **failed.PAGES,
    **retrying.PAGES,
    **delayed.PAGES,
    **recurring.PAGES,
    **statistics.PAGES,
}
