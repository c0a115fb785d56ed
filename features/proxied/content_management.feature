Feature: Management of content
  Content that is published on the server has an owner. The owner decides who may view it and who works
  on it. Whoever may view it may do nothing else with it.

  Background:
    Given a publisher "paula"
    And "paula" has published python-api content "app"

  Rule: Content is managed by its owner, its collaborators and administrators

    @SEC-030
    Scenario Outline: Viewers of content cannot <act> it, and neither can visitors who are not signed in
      Given a publisher "petra"
      And "petra" may view "app"
      And "alice" may view "app"
      And the administrator can <act> "app"
      When "petra" tries to <act> "app"
      Then the call is refused
      When "alice" tries to <act> "app"
      Then the call is refused
      When somebody who is not signed in tries to <act> "app"
      Then the call is refused or asked to log in

      Examples:
        | act                    |
        | rename                 |
        | open to everybody      |
        | let a guest view       |
        | upload a bundle to     |
        | deploy                 |
        | follow a deployment of |

    @SEC-030
    Scenario: Viewers of content cannot share it
      Given a publisher "petra"
      And "petra" may view "app"
      And "paula" can share "app"
      When "petra" tries to share "app"
      Then the call is refused

    @SEC-030
    Scenario: Viewers of content cannot delete it
      Given a publisher "petra"
      And "petra" may view "app"
      And "alice" may view "app"
      And "paula" has published python-api content "draft"
      And the administrator can delete "draft"
      When "petra" tries to delete "app"
      Then the call is refused
      When "alice" tries to delete "app"
      Then the call is refused
      And "alice" can open "app"

    @SEC-030
    Scenario: A collaborator manages content like its owner
      Given a publisher "petra"
      And "petra" may collaborate on "app"
      When "petra" tries to rename "app"
      Then the call is granted
      When "petra" tries to deploy "app"
      Then the call is granted

    @SEC-030
    Scenario: Users who may not view content learn nothing about it
      Given a publisher "petra"
      And "alice" may view "app"
      And "alice" can read "app"
      When "petra" tries to read "app"
      Then the call is refused
      When "bob" tries to read "app"
      Then the call is refused
      And "alice" can find "app" in the list of content
      And "petra" cannot find "app" in the list of content

  Rule: The administrator alone gives content to another owner

    @SEC-031
    Scenario: The rights of the former owner end
      Given a publisher "petra"
      When the administrator gives "app" to "petra"
      And "petra" tries to rename "app"
      Then the call is granted
      When "paula" tries to rename "app"
      Then the call is refused
      When "paula" tries to read "app"
      Then the call is refused

    @SEC-031
    Scenario: An owner cannot give content away
      Given a publisher "petra"
      And "paula" has published static content "page"
      When the administrator gives "page" to "petra"
      And "paula" gives "app" to "petra"
      Then the call is refused

  Rule: Deleted content is gone for everybody

    @SEC-032
    Scenario: Neither the owner nor a viewer finds content that was deleted
      Given "alice" may view "app"
      And "alice" can read "app"
      When "alice" visits "app"
      Then "app" answers
      When "paula" tries to delete "app"
      And "alice" visits "app"
      Then the visit is refused
      When "paula" tries to read "app"
      Then the call is refused

  Rule: Content that is open to every user of the server is open to no others

    @SEC-033
    Scenario: A user without a permission can open it, a visitor who is not signed in cannot
      Given "app" is open to every user of the server
      When "bob" visits "app"
      Then "app" answers
      When somebody who is not signed in visits "app"
      Then the visit is refused or asked to log in

  Rule: Caches that several users share do not keep what only some may see

    @SEC-034
    Scenario Outline: A visit to <mode> content
      Given "paula" has published <mode> content "page"
      And "alice" may view "page"
      When "alice" visits "page"
      Then the visit forbids shared caches to keep the reply

      Examples:
        | mode          |
        | static        |
        | quarto-static |

  Rule: Content does not receive the API key of a visitor

    @SEC-037
    Scenario Outline: A client that gives its key in <header> keeps it from content
      Given "alice" may view "app"
      And "alice" has an API key
      When a client calls "app" with the headers:
        | <header> | Key <alice's key> |
      Then "app" answers
      And "app" has received no header with the value "<alice's key>"

      Examples:
        | header              |
        | Authorization       |
        | X-RSC-Authorization |
