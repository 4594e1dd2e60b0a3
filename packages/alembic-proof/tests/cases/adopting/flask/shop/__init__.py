"""A Flask application with a database of its own: another one must take its place."""

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class User(db.Model):
    __tablename__ = "users"

    id = db.Column(db.Integer, primary_key=True, autoincrement=False)
    name = db.Column(db.Text)


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg://nobody@nowhere/nothing"
    db.init_app(app)
    Migrate(app, db)
    return app
