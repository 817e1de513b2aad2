"""Tables, and the engine that all processes of this machine make their connections with. DATABASE_URL says where."""

import os

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from resqued.contrib.sqlalchemy import dispose_after_fork


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    number: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]
    state: Mapped[str] = mapped_column(default="placed")


engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///shop.sqlite3"))
dispose_after_fork(engine)  # here, where it is made, and nowhere else
Transaction: sessionmaker[Session] = sessionmaker(engine)
