"""An application whose jobs say of their limits what cannot be meant."""


class Report:
    timeout = "an hour"
    memory = "huge"

    @staticmethod
    def perform():
        pass
