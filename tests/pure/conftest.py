from hypothesis import settings

settings.register_profile("pure", deadline=None)  # the machine may be busy with something else
settings.load_profile("pure")
