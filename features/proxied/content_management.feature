Feature: Management of content
  Published content has an owner, who decides which users may view it or collaborate on it. Users with the
  Viewer permission can open the content but cannot manage it.

  Background:
    Given a publisher "paula"
    And "paula" has published python-api content "app"

  Rule: Only the owner, collaborators and administrators can manage content

    @SEC-030
    Scenario Outline: Users with Viewer permission and anonymous visitors are refused the action "<act>" on content
      Given a publisher "petra"
      And "petra" has Viewer permission on "app"
      And "alice" has Viewer permission on "app"
      And the administrator can <act> "app"
      When "petra" tries to <act> "app"
      Then the request is refused
      When "alice" tries to <act> "app"
      Then the request is refused
      When an anonymous visitor tries to <act> "app"
      Then the request is refused or the client is asked to log in

      Examples:
        | act                    |
        | rename                 |
        | open to everybody      |
        | let a guest view       |
        | upload a bundle to     |
        | deploy                 |
        | follow a deployment of |

    @SEC-030
    Scenario: A publisher with Viewer permission cannot share content
      Given a publisher "petra"
      And "petra" has Viewer permission on "app"
      And "paula" can share "app"
      When "petra" tries to share "app"
      Then the request is refused

    @SEC-030
    Scenario: Users with Viewer permission cannot delete content
      Given a publisher "petra"
      And "petra" has Viewer permission on "app"
      And "alice" has Viewer permission on "app"
      And "paula" has published python-api content "draft"
      And the administrator can delete "draft"
      When "petra" tries to delete "app"
      Then the request is refused
      When "alice" tries to delete "app"
      Then the request is refused
      And "alice" can open "app"

    @SEC-030
    Scenario: A collaborator can rename and deploy content
      Given a publisher "petra"
      And "petra" is a collaborator on "app"
      When "petra" tries to rename "app"
      Then the request is granted
      When "petra" tries to deploy "app"
      Then the request is granted

    @SEC-030
    Scenario: A user without permission can neither read content through the API nor find it in the list of content
      Given a publisher "petra"
      And "alice" has Viewer permission on "app"
      And "alice" can read "app"
      When "petra" tries to read "app"
      Then the request is refused
      When "bob" tries to read "app"
      Then the request is refused
      And "alice" can find "app" in the list of content
      And "petra" cannot find "app" in the list of content
      And "bob" cannot find "app" in the list of content

  Rule: Only an administrator can transfer content to another owner

    @SEC-031
    Scenario: After a transfer, the new owner can rename content and the former owner can neither rename nor read it
      Given a publisher "petra"
      When the administrator gives "app" to "petra"
      And "petra" tries to rename "app"
      Then the request is granted
      When "paula" tries to rename "app"
      Then the request is refused
      When "petra" tries to read "app"
      Then the request is granted
      When "paula" tries to read "app"
      Then the request is refused

    @SEC-031
    Scenario: An owner cannot transfer content to another user
      Given a publisher "petra"
      And "paula" has published static content "page"
      When the administrator gives "page" to "petra"
      And "paula" gives "app" to "petra"
      Then the request is refused

  Rule: Deleted content cannot be opened or read

    @SEC-032
    Scenario: A viewer cannot open content after it is deleted
      Given "alice" has Viewer permission on "app"
      When "alice" visits "app"
      Then "app" answers
      When "paula" tries to delete "app"
      And "alice" visits "app"
      Then the request is refused

    @SEC-032
    Scenario: The owner of content cannot read it after it is deleted
      Given "paula" can read "app"
      When "paula" tries to delete "app"
      And "paula" tries to read "app"
      Then the request is refused

  Rule: Content that is open to all users requires a login

    @SEC-033
    Scenario: Content that is open to all users opens for a user without permission, not for an anonymous visitor
      Given "app" is open to every user of the server
      When "bob" visits "app"
      Then "app" answers
      When an anonymous visitor visits "app"
      Then the request is refused or the client is asked to log in

  Rule: Shared caches do not serve restricted content without asking the server

    @SEC-034
    Scenario Outline: A reply with restricted <mode> content has Cache-Control private, no-store or no-cache
      Given "paula" has published <mode> content "page"
      And "alice" has Viewer permission on "page"
      When "alice" visits "page"
      Then the visit forbids shared caches to keep the reply

      Examples:
        | mode          |
        | static        |
        | quarto-static |

  Rule: Content does not receive the API key of a visitor

    @SEC-037
    Scenario Outline: An API key in <header> is not passed on to content
      Given "alice" has Viewer permission on "app"
      And "alice" has an API key
      When a client calls "app" with the headers:
        | <header> | Key <alice's key> |
      Then "app" answers
      And "app" has received no header with the value "<alice's key>"

      Examples:
        | header              |
        | Authorization       |
        | X-RSC-Authorization |
