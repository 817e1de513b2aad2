"""Programs that are measured beside resqued: what would be the least?"""
