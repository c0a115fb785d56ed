Feature: Faulty replies of the provider
  Providers fail, and their replies are not always as the standard has them. A reply that is no token
  response gives no token and does not end a login that exists. A token response that is unusual but
  complete is used. After a fault, the next valid reply works again.

  Background:
    Given a publisher "paula"
    And the access tokens of the provider expire after 2 seconds
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"
    And "paula" has published python-api content "app"
    And "alice" has Viewer permission on "app"

  Rule: A login ends without tokens if the provider sends no token response, and the next login succeeds

    @SEC-046 @direct
    Scenario Outline: A login yields no tokens if the provider answers the request for them with <fault>
      Given "app" is associated with "crm"
      And "bob" is logged in to "crm"
      And the provider answers logins with <fault>
      When "alice" tries to log in to "crm"
      Then no session of "alice" with "crm" holds a refresh token
      When the provider answers as it should again
      And "alice" logs in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice"

      Examples: Refusals
        | fault                       |
        | the status 403              |
        | the status 429              |
        | the status 500              |
        | the error page of a gateway |

      Examples: Replies that are no token response
        | fault                       |
        | a page instead of tokens    |
        | an empty body               |
        | malformed JSON              |
        | truncated JSON              |
        | a list instead of an object |
        | no access token             |
        | a token of an unknown type  |
        | an endless body             |
        | a redirect                  |

      Examples: No reply
        | fault                           |
        | a closed connection             |
        | no reply in time                |
        | a reply that is lost on its way |

  Rule: A login remains if the provider sends no token response to a renewal, and the next renewal succeeds

    @SEC-046 @direct
    Scenario Outline: The user remains logged in if the provider answers a renewal with <fault>
      Given "app" is associated with "crm"
      And "alice" is logged in to "crm"
      And "alice" has visited "app" and it obtained a token
      And the provider answers renewals with <fault>
      When the access token of "alice" has expired
      And "alice" visits "app"
      Then "app" obtains no token
      And the session of "alice" with "crm" shows that she is logged in
      When the provider answers as it should again
      And "alice" visits "app"
      Then "app" obtains a token of "alice"

      Examples:
        | fault                       |
        | the status 403              |
        | the status 429              |
        | the status 500              |
        | the error page of a gateway |
        | a page instead of tokens    |
        | malformed JSON              |
        | no access token             |
        | an endless body             |
        | a redirect                  |
        | a closed connection         |
        | no reply in time            |

    @SEC-040 @direct
    Scenario: The login ends if the new refresh token of a renewal is lost on its way
      Given "app" is associated with "crm"
      And "alice" is logged in to "crm"
      And "alice" has visited "app" and it obtained a token
      And the provider answers renewals with a reply that is lost on its way
      When the access token of "alice" has expired
      And "alice" visits "app"
      Then "app" obtains no token
      When the provider answers as it should again
      And "alice" visits "app"
      Then "app" obtains no token
      And no session of "alice" with "crm" holds a refresh token
      When "alice" logs in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice"

  Rule: Content obtains no token of a service account if the provider sends no token response

    @SEC-046 @direct
    Scenario Outline: Content obtains no token of a service account if the provider answers with <fault>
      Given "app" is associated with "warehouse"
      And "alice" has visited "app" and it obtained a token
      And the provider answers service accounts with <fault>
      When "alice" visits "app"
      Then "app" obtains no token
      When the provider answers as it should again
      And "alice" visits "app"
      Then "app" obtains a token of "warehouse"

      Examples:
        | fault                           |
        | the status 403                  |
        | the status 429                  |
        | the status 500                  |
        | the status 503                  |
        | the error page of a gateway     |
        | a page instead of tokens        |
        | an empty body                   |
        | malformed JSON                  |
        | truncated JSON                  |
        | a list instead of an object     |
        | no access token                 |
        | a token of an unknown type      |
        | an endless body                 |
        | a redirect                      |
        | a closed connection             |
        | no reply in time                |
        | a reply that is lost on its way |

  Rule: What the provider writes into a faulty reply is not shown as a page of the server

    @SEC-069 @direct
    Scenario Outline: The server shows no markup of the provider after <fault> instead of tokens
      Given "app" is associated with "crm"
      And the provider answers logins with <fault>
      When "alice" tries to log in to "crm"
      Then the server shows no markup of the provider

      Examples:
        | fault                       |
        | the error page of a gateway |
        | a page instead of tokens    |

    @SEC-069 @direct
    Scenario: The server shows no markup that stands in the error of an authorization reply
      Given "alice" has authenticated at the provider of "crm"
      When "alice" returns from the provider with markup as the error
      Then the server shows no markup of the provider

  Rule: An unusual token response is used if it is complete

    @SEC-047 @direct
    Scenario Outline: A login is completed although the clock of the provider is an hour <off>
      Given "app" is associated with "crm"
      And the clock of the provider is an hour <off>
      When "alice" tries to log in to "crm"
      Then the session of "alice" with "crm" shows that she is logged in
      When "alice" visits "app"
      Then "app" obtains a token of "alice"

      Examples:
        | off    |
        | ahead  |
        | behind |

    @SEC-047 @direct
    Scenario Outline: A login is completed if the token response of the provider has <form>
      Given "app" is associated with "crm"
      And the provider answers logins with <form>
      When "alice" tries to log in to "crm"
      Then the session of "alice" with "crm" shows that she is logged in
      When "alice" visits "app"
      Then "app" obtains a token of "alice"

      Examples:
        | form                      |
        | the media type text/plain |
        | an expires_in of 3600.0   |
        | an expires_in of 3.6e3    |
        | an expires_in of 1e20     |
        | an expires_in of 0        |
        | an expires_in of -1       |
        | an expires_in of null     |
        | an expires_in in quotes   |
        | an empty expires_in       |
